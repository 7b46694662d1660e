import type { StreamName } from "../threads/channel";

type Write = typeof process.stdout.write;

/** Sends everything that cells print through `console` or the process's streams to `write`. */
export function installStdio(write: (name: StreamName, text: string) => void): void {
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new TextDecoder();
    const capture = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      write(name, typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }));
      const callback = rest.find((argument) => typeof argument === "function");
      if (callback) process.nextTick(callback as () => void);
      return true;
    };
    process[name].write = capture as Write;
  }
}
