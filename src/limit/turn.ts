/** Permission to send one request, as given by the claim. */
export type Turn = {
  /** When it was given, ms since 1970, by Redis's clock. */
  readonly sentAt: number;
  /** Refusals in a row so far: above 0 for the probe while the brake is on. */
  readonly refusals: number;
};
