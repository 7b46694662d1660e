/** `npm run gallery`: type captions and compare the models of the course, in a browser. */
import { gallery } from "latentlab";

async function main(): Promise<void> {
  const { address } = await gallery.captionBox();
  console.log(`The gallery is open at ${address}\nEnd it with Ctrl-C.`);
}

void main();
