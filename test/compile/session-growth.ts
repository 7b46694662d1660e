// node session-growth.js ROUNDS dispose|keep: prints the resident bytes that compiling a function of
// 1 MiB of weights so many times adds. A process of its own, with no memory of others to use up.
import { compile, tf } from "latentlab";

const weights = tf.variable(tf.zeros([512, 512]));
const kept: unknown[] = [];

function round(isKept: boolean): void {
  const step = compile(() => {
    weights.assign(weights.add(1));
  });
  step();
  if (isKept) kept.push(step);
  else step.dispose();
}

const [rounds = 0, isKept] = [Number(process.argv[2]), process.argv[3] === "keep"];
for (let i = 0; i < 10; i++) round(false); // TensorFlow's pools fill up
const before = process.memoryUsage.rss();
for (let i = 0; i < rounds; i++) round(isKept);
console.log(process.memoryUsage.rss() - before);
