import { pythonEnvironment } from "../../scripts/python-environment";

/** Once, before the time of tests is taken. */
export async function mochaGlobalSetup(): Promise<void> {
  await pythonEnvironment("book");
}
