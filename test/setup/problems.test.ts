import { strict as assert } from "node:assert";
import { join } from "node:path";

import { ADDON, FakeCourse, type Outcome } from "./fake-course";

const isLinuxX64 = process.platform === "linux" && process.arch === "x64";

describe("set-up says what is wrong and what to do", function () {
  let course: FakeCourse;
  beforeEach(() => (course = new FakeCourse()));
  afterEach(() => course.remove());

  /** One sentence with a fix, no stack, exit code 1, and nothing begun. */
  function assertRefused({ code, output }: Outcome, what: RegExp, fix: RegExp): void {
    assert.equal(code, 1, output);
    assert.match(output, what);
    const remedy = /^ {2}Fix: (.*)$/m.exec(output)?.[1];
    assert.match(remedy ?? "", fix);
    assert.doesNotMatch(output, /\n {4}at /, "no stack");
  }

  it("without a compiler", async () => {
    course.removeTool("c++");
    assertRefused(
      await course.run(),
      /A C\+\+ compiler is needed.*none of c\+\+, g\+\+, clang\+\+/,
      /apt install g\+\+/,
    );
    assert.deepEqual(course.work(), []);
  });

  it("without Python, with an old one, and with one that has no venv", async () => {
    const old = await course.run({ FAKE_PYTHON: "3.9.18" });
    assertRefused(
      old,
      /Python 3\.10 or newer.*python3 is 3\.9\.18/,
      /apt install python3 python3-venv/,
    );
    const bare = await course.run({ FAKE_NO_VENV: "1" });
    assertRefused(bare, /python3 3\.12\.1 has no venv module/, /python3-venv/);
    course.removeTool("python3");
    assertRefused(await course.run(), /none was found/, /LATENTLAB_PYTHON/);
    assert.deepEqual(course.work(), []);
  });

  for (const version of ["12.22.0", "18.20.4", "25.0.0"]) {
    it(`on Node ${version}`, async () => {
      const text = `const node = ${JSON.stringify(version)};
        Object.defineProperty(process, "versions", { value: { ...process.versions, node } });`;
      const nodeOptions = course.preload(text);
      for (const script of ["start.mjs", "doctor.mjs"]) {
        const outcome = await course.run({}, { script, nodeOptions });
        assertRefused(outcome, RegExp(`Node 20 to 24; this is Node ${version}`), /nvm install 22/);
      }
      assert.deepEqual(course.work(), []);
    });
  }

  it("with too little disk, counting only the steps ahead", async () => {
    const nodeOptions = course.preload(`
      require("node:fs").statfsSync = () => ({ bavail: 1000, bsize: 1e6 });
      require("node:module").syncBuiltinESMExports();`);
    const refused = await course.run({}, { nodeOptions });
    assertRefused(refused, /needs 2\.\d GB of free disk.*1\.0 GB is free/, /free some space/);
    assert.deepEqual(course.work(), []);
    await course.run();
    course.write("lib/index.ts", "changed");
    assert.equal((await course.run({}, { nodeOptions })).code, 0);
  });

  const accidents = [
    {
      point: "npm",
      message: "npm error code EAI_AGAIN",
      what: /package index cannot be reached/,
      fix: /network/,
    },
    {
      point: "pip",
      message: "NewConnectionError(<pip>)",
      what: /package index cannot be reached/,
      fix: /network/,
    },
    {
      point: "tensorflow",
      message: "[Errno 28] No space left on device",
      what: /disk is full/,
      fix: /free about/,
    },
    {
      point: "npm",
      message: "npm error code EBADTHING",
      what: /Node packages could not be installed/,
      fix: /npm's message/,
    },
    {
      point: "venv",
      message: "ensurepip is not available",
      what: /environment could not be made/,
      fix: /python3-venv/,
    },
    {
      point: "tsc",
      message: "lib/x.ts(1,1): error TS1005",
      what: /could not be compiled/,
      fix: /errors below/,
    },
  ];
  for (const { point, message, what, fix } of accidents) {
    it(`when ${point} says "${message}", and goes on from there afterwards`, async () => {
      const failed = await course.run({ FAKE_FAIL: point, FAKE_MESSAGE: message });
      assertRefused(failed, what, fix);
      const again = await course.run();
      assert.equal(again.code, 0, again.output);
      assert.deepEqual(course.leftovers(), []);
    });
  }

  it("when node_modules holds another TypeScript", async () => {
    course.write("package.json", { devDependencies: { typescript: "5.0.4" } });
    assertRefused(
      await course.run(),
      /TypeScript 5\.0\.4 is needed; node_modules holds 5\.9\.3/,
      /node_modules/,
    );
  });

  it("when JupyterLab ends before it listens", async () => {
    const args = ["--no-browser"];
    assertRefused(
      await course.run({}, { args }),
      /JupyterLab did not start on 127/,
      /npm run doctor/,
    );
  });

  it("when an option or a variable makes no sense", async () => {
    const options: [string[], RegExp][] = [
      [["--prot", "1"], /--prot/],
      [["--port", "0"], /1 to 65535/],
      [["--port", "many"], /many/],
    ];
    for (const [args, what] of options) assertRefused(await course.run({}, { args }), what, /./);
    assertRefused(
      await course.run({ LATENTLAB_DEVICE: "tpu" }),
      /"cpu" or "gpu"; it was "tpu"/,
      /unset/,
    );
  });

  for (const ip of ["0.0.0.0", "::", "192.168.1.5", "example.org"]) {
    it(`F26 when --ip ${ip} comes without a token of one's own`, async () => {
      const args = ["--ip", ip];
      assertRefused(await course.run({}, { args }), /needs a token of your own/, /ssh -L/);
      assertRefused(await course.run({ JUPYTER_TOKEN: "short" }, { args }), /token/, /16 or more/);
      assert.deepEqual(course.work(), []);
    });
  }
});

describe("the choice of device", function () {
  let course: FakeCourse;
  beforeEach(() => (course = new FakeCourse()));
  afterEach(() => course.remove());

  /** What pip was asked for when it fetched TensorFlow. */
  function wheel(): string {
    return course.work().find((call) => call.includes("--target")) ?? "";
  }

  function note(): Record<string, string> {
    return course.json(".latentlab/engine.json") as Record<string, string>;
  }

  it("is the CPU without an NVIDIA GPU, and says so", async () => {
    await course.run();
    assert.match(note()["name"] ?? "", /^CPU, \d+ threads$/);
    assert.equal(note()["device"], "cpu");
    assert.equal(course.has(ADDON), true);
    if (!isLinuxX64) return;
    assert.equal(note()["reason"], "no NVIDIA GPU was found");
    assert.match(wheel(), / tensorflow-cpu==2\.21\.0$/);
    assert.equal(
      note()["libtensorflow"],
      join(course.root, ".latentlab/tensorflow-cpu/tensorflow/libtensorflow_cc.so.2"),
    );
  });

  if (!isLinuxX64) return;

  it("is the GPU that nvidia-smi names; its library is linked where it lies beside NVIDIA's", async () => {
    course.addProgram("nvidia-smi", "echo 'NVIDIA H100 80GB HBM3'");
    const { output } = await course.run();
    assert.match(output, /training runs on NVIDIA H100 80GB HBM3: nvidia-smi reports/);
    const cuda = join(course.root, "kernel/setup/requirements-cuda.txt");
    assert.ok(wheel().endsWith(` tensorflow==2.21.0 -r ${cuda}`), wheel());
    const compile = course.work().find((call) => call.startsWith("compiler ")) ?? "";
    const folder = join(course.root, ".latentlab/tensorflow-gpu/tensorflow");
    assert.ok(compile.endsWith(` -Xlinker -rpath -Xlinker ${folder}`), compile);
    assert.ok(compile.includes(` ${folder}/libtensorflow_cc.so.2 `), compile);
  });

  it("is forced by LATENTLAB_DEVICE, either way, and rebuilds the engine on a change", async () => {
    course.addProgram("nvidia-smi", "echo 'NVIDIA H100 80GB HBM3'");
    await course.run({ LATENTLAB_DEVICE: "cpu" });
    assert.match(wheel(), / tensorflow-cpu==2\.21\.0$/);
    assert.equal(note()["reason"], "LATENTLAB_DEVICE=cpu");
    course.forgetWork();
    course.removeTool("nvidia-smi");
    await course.run({ LATENTLAB_DEVICE: "gpu" });
    assert.match(wheel(), / tensorflow==2\.21\.0 -r /);
    assert.equal(note()["device"], "gpu");
    assert.match(note()["name"] ?? "", /until an NVIDIA driver is found/);
    assert.equal(course.work().filter((call) => call.startsWith("compiler ")).length, 1);
  });

  it("is the CPU when nvidia-smi is there but fails", async () => {
    course.addProgram("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9");
    await course.run();
    assert.equal(note()["device"], "cpu");
  });
});
