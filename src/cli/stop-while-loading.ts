const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Makes SIGTERM and SIGINT end the process with exit code 0 while its code is being loaded, which takes most of a
 * second. At that point there is nothing to finish.
 *
 * @returns removes these handlers; call it once the service has installed its own
 */
export function stopWhileLoading(): () => void {
  const exit = (): void => process.exit(0);
  for (const signal of SIGNALS) process.on(signal, exit);
  return () => {
    for (const signal of SIGNALS) process.off(signal, exit);
  };
}
