import { classroomTools } from "../../scripts/classroom";

/** Once, before the time of tests is taken. */
export async function mochaGlobalSetup(): Promise<void> {
  await classroomTools();
}
