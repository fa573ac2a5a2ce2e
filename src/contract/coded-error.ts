type CodedError<Name extends string, Code extends string> = Error & { readonly name: Name; readonly code: Code };

/**
 * A base class of errors that have a name and a code of their own, as Node's have: what a program tells them apart by,
 * as messages may change.
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
