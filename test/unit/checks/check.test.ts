import { strict as assert } from "node:assert";

import { Rng, check, checks, core, tf } from "latentlab";

import { assertTeaches } from "../../support/exercise";

type Kl = (mu: tf.Tensor2D, logVar: tf.Tensor2D) => tf.Tensor;

/** KL(N(μ, σ²) ‖ N(0, 1)) per example, summed over the last axis. */
function kl(mu: tf.Tensor2D, logVar: tf.Tensor2D): tf.Tensor {
  return tf.tidy(() => mu.square().add(logVar.exp()).sub(logVar).sub(1).sum(1).mul<tf.Tensor>(0.5));
}

const mu = [
  [0.5, -1, 0.25],
  [2, 0, -0.5],
];
const logVar = [
  [0, 0.7, -1.2],
  [-0.4, 1.1, 0.3],
];

const exercise: checks.CheckDefinition<Kl> = {
  id: "R.2",
  solution: kl,
  probes: checks.valueProbes({
    cases: [{ title: "two codes of three dimensions", inputs: { mu, logVar } }],
    call: (fn: Kl, inputs) => fn(inputs.mu, inputs.logVar),
    reference: (inputs) =>
      inputs.mu.map((row, b) =>
        row.reduce((sum, m, d) => {
          const l = inputs.logVar[b]?.[d] as number;
          return sum + (m * m + Math.exp(l) - l - 1) / 2;
        }, 0),
      ),
    gradients: ["mu", "logVar"],
  }),
  mistakes: [
    {
      says: "The mean over the axis is taken, not the sum.",
      fn: (m, l) => tf.mul(kl(m, l), 1 / 3),
    },
    { says: "The variance is taken for the logarithm.", fn: (m, l) => kl(m, l.exp()) },
  ],
  hints: ["Look at the table of Gaussians.", "½ Σ (μ² + σ² − log σ² − 1)"],
};

function told(fn: Kl): string {
  const { status, mistake } = checks.runCheck(exercise, fn);
  assert.equal(status, "failed");
  return mistake ?? "";
}

describe("check", () => {
  it("passes the solution, fails the stub, names each seeded mistake", () =>
    assertTeaches(exercise));

  it("asks about shapes, values, gradients and memory", () => {
    const { parts } = checks.runCheck(exercise, kl).finding;
    assert.deepEqual(
      parts.map(({ aspect }) => aspect),
      ["shapes", "values", "gradients", "gradients", "memory"],
    );
  });

  it("tells from the numbers: sign, factor, offset, root, not finite", () => {
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).neg())),
      /sign/,
    );
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).mul(2))),
      /2 times .*: a factor\./,
    );
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).mul(1 / 7))),
      /mean over 7 values/,
    );
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).add(0.5))),
      /same 0\.5: a constant/,
    );
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).sqrt())),
      /root too many/,
    );
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).square())),
      /root is missing/,
    );
    assert.match(
      told((m, l) => tf.tidy(() => kl(m, l).neg().log())),
      /not finite/,
    );
  });

  it("says nothing of a cause when the numbers do not tell", () => {
    assert.equal(
      told((m, l) => tf.tidy(() => kl(m, l).pow(3))),
      "",
    );
  });

  it("shows got and expected where they first differ", () => {
    const text = String(checks.runCheck(exercise, (m: tf.Tensor2D) => m.square()));
    assert.match(text, /shape\s+\[2, 3\]\s+\[2\]/);
    // Row 0 by hand: ½ (Σμ² 1.3125 + Σe^l 3.31495 − Σl (−0.5) − 3) = 1.06372.
    assert.match(String(checks.runCheck(exercise, () => tf.zeros([2]))), /\[0\]\s+0\s+1\.06372/);
  });

  it("counts what a function leaves behind, and frees it", async () => {
    const leaks = await core.countLeaks(() => {
      const leaky: Kl = (m, l) => tf.mul(m.square().add(l.exp()).sub(l).sub(1).sum(1), 0.5);
      assert.match(told(leaky), /tf\.tidy/);
    });
    assert.equal(leaks, 0);
  });

  it("sees a disposed input", () => {
    const greedy: Kl = (m, l) => {
      const result = kl(m, l);
      m.dispose();
      return result;
    };
    assert.match(String(checks.runCheck(exercise, greedy)), /input was disposed|disposed/);
  });

  it("sees that no gradient passes through numbers", () => {
    const cut: Kl = (m, l) => tf.tidy(() => tf.tensor1d(kl(m, l).dataSync<"float32">()));
    assert.match(String(checks.runCheck(exercise, cut)), /No gradient reaches mu/);
  });

  it("shows an error of the learner's function as such, and text as text", () => {
    const bundle = checks.runCheck(exercise, () => {
      throw new TypeError("<img src=x onerror=alert(1)>");
    });
    assert.equal(bundle.status, "failed");
    const html = String((bundle[core.DISPLAY]() as Record<string, unknown>)["text/html"]);
    assert.ok(html.includes("&lt;img src=x"));
    assert.ok(!html.includes("<img"));
  });

  it("shows a verdict that programs read", () => {
    const bundle = checks.runCheck(exercise, kl)[core.DISPLAY]() as Record<string, unknown>;
    assert.deepEqual(bundle[checks.CHECK_MIME], {
      id: "R.2",
      exercise: "kl",
      status: "passed",
      passed: true,
    });
  });

  it("names the checks there are when asked for another", () => {
    assert.throws(() => check("R.99" as "R.2", kl), /no check "R\.99"/);
  });

  it("names the check that is meant when a function is given to another's", () => {
    const [one, other] = checks.allChecks();
    assert.ok(one !== undefined && other !== undefined);
    const { name } = other.solution;
    assert.throws(() => check(one.id, other.solution), new RegExp(`${other.id}", ${name}`));
  });

  it("helps more with each different wrong answer: one hint, two, the solution", () => {
    const one = checks.allChecks().find(({ solution }) => solution.name === "klToStandardNormal");
    assert.ok(one !== undefined);
    const [first, second] = one.hints;
    const html = (fn: checks.AnyFunction): string =>
      String((check(one.id, fn)[core.DISPLAY]() as core.MimeBundle)["text/html"]);
    const answers = [(): number => 1, (): number => 2, (): number => 3];
    const [a, b, c] = answers.map(html) as [string, string, string];
    assert.ok(a.includes(first) && !a.includes("Hint 2"), a);
    assert.ok(b.includes("Hint 2") && !b.includes("Solution"), b);
    assert.match(c, /Solution.*function klToStandardNormal/s);
    // Running the same cell again is no new attempt.
    const repeated = check(one.id, answers[2] as checks.AnyFunction);
    assert.equal(repeated.hint(), second);
    assert.match(String(repeated), /solution: check\("R\.2", klToStandardNormal\)\.solution\(\)/);
    const solution = repeated.solution()[core.DISPLAY]() as core.MimeBundle;
    assert.match(String(solution["text/markdown"]), /^```typescript\n.*klToStandardNormal/s);
  });

  it("shows arrays side by side, wrong numbers framed", () => {
    const half: Kl = (m, l) => tf.tidy(() => kl(m, l).mul(tf.tensor1d([1, 2])));
    const bundle = checks.runCheck(exercise, half)[core.DISPLAY]() as core.MimeBundle;
    const html = String(bundle["text/html"]);
    assert.match(html, />got<table>.*>expected<table>/s);
    assert.equal(html.split("2px solid #c62828").length - 1, 1);
    // Row 1 by hand: ½ (Σμ² 4.25 + Σe^l 5.02434 − Σl 1 − 3) = 2.63717.
    assert.match(html, /#c62828">5\.27<.*>2\.64</s);
  });

  it("throws in strict mode, and only then", () => {
    const [one] = checks.allChecks();
    assert.ok(one !== undefined);
    const wrong = (): number => 0;
    assert.equal(check(one.id, wrong).passed, false);
    process.env["LATENTLAB_STRICT"] = "1";
    try {
      assert.equal(check(one.id, one.solution).passed, true);
      assert.throws(() => check(one.id, wrong), core.CheckFailedError);
    } finally {
      delete process.env["LATENTLAB_STRICT"];
    }
  });
});

describe("momentProbe", () => {
  type Draw = (mean: number, std: number, n: number) => tf.Tensor;
  const draw: Draw = (mean, std, n) => new Rng(5).normal([n], mean, std);
  const moments: checks.CheckDefinition<Draw> = {
    id: "R.6",
    solution: draw,
    probes: [
      checks.momentProbe({
        title: "20,000 draws of N(1, 4)",
        sample: (fn: Draw) => fn(1, 2, 20_000),
        draws: 20_000,
        mean: [1],
        std: [2],
      }),
    ],
    mistakes: [
      { says: "The variance stands for the deviation.", fn: (m, s, n) => draw(m, s * s, n) },
      { says: "The deviation's root is taken.", fn: (m, s, n) => draw(m, Math.sqrt(s), n) },
    ],
    hints: ["Mind what the second argument is.", "Multiply by the standard deviation."],
  };

  it("tells variance from standard deviation", () => assertTeaches(moments));

  it("rejects a mean that is off by 0.1, 7 standard errors", () => {
    const off: Draw = (mean, std, n) => draw(mean + 0.1, std, n);
    assert.equal(checks.runCheck(moments, off).status, "failed");
  });
});
