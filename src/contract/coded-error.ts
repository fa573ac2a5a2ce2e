type CodedError<Name extends string, Code extends string> = Error & { readonly name: Name; readonly code: Code };

/**
 * A base class for errors with their own name and code, as Node's have: programs tell errors apart by these, as
 * messages may change.
 */
export function codedError<Name extends string, Code extends string>(
  name: Name,
  code: Code,
): new (message?: string) => CodedError<Name, Code> {
  return class extends Error {
    override readonly name = name;
    readonly code = code;
  };
}
