const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Lets SIGTERM and SIGINT end the process with exit code 0 while its code is loaded, which takes most of a second. So
 * early it has nothing to finish.
 *
 * @returns ends that: for the moment when the service's own handlers are in place
 */
export function stopWhileLoading(): () => void {
  const exit = (): void => process.exit(0);
  for (const signal of SIGNALS) process.on(signal, exit);
  return () => {
    for (const signal of SIGNALS) process.off(signal, exit);
  };
}
