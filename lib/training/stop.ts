const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * For scripts: turn Ctrl-C (SIGINT) and SIGTERM into an abort signal, so that training ends within
 * a step and saves. The process then exits with the usual code, 130 or 143, when its work is done;
 * a second signal ends it at once.
 *
 * @example
 * const signal = stopOnSignals();
 * for await (const progress of train(model, loss, { ...options, signal })) report(progress);
 */
export function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      process.exitCode = exitCode;
      controller.abort();
    });
  }
  return controller.signal;
}
