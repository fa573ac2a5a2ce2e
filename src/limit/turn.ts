/** Leave to send one request, as the claim gave it. */
export type Turn = {
  /** When it was given, ms since 1970, by Redis's clock. */
  readonly sentAt: number;
  /** Refusals in a row until then: over 0 for the probe while the brake is on. */
  readonly refusals: number;
};
