/** An entry of the list of faxes, as far as it is read: who got which document stays out of the service. */
export type HistoryEntry = {
  readonly faxId: string;
  /** Its `status`, normalised; empty if it is no word. */
  readonly word: string;
  /** When the fax was created, by the API's clock, ms since 1970; undefined if that is not said. */
  readonly createdAt: number | undefined;
};

/** What the API answered to a request of the list. */
export type HistoryAnswer =
  | { readonly kind: 'list'; readonly entries: readonly HistoryEntry[] }
  /** @property reason in words for people, without anything of the answer */
  | { readonly kind: 'unusable'; readonly reason: string };
