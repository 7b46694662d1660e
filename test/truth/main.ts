// npm run truth -- FOLDER: compare this library with numbers made by other implementations.
import { core } from "latentlab";

import { readTruth } from "./format";
import { reportTruth } from "./report";

async function main(folder: string | undefined): Promise<number> {
  if (folder === undefined) {
    console.error("Usage: npm run truth -- FOLDER, a folder of files in format genimage-truth/1.");
    return 2;
  }
  try {
    const { lines, failed } = await reportTruth(readTruth(folder));
    console.log(lines.join("\n"));
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof core.LatentLabError)) throw error;
    console.error(error.message);
    return 2;
  }
}

void main(process.argv[2]).then((code) => (process.exitCode = code));
