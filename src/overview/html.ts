import { html as build } from 'htm/preact';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** What a template may hold; text in it is escaped when it is rendered. */
export type Content = VNode | string | number | null | undefined | false | readonly Content[];

/** Markup with values in it. Whatever a value holds, it is shown as text, or is the value of an attribute. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Content => build(strings, ...values);

/** A whole page as text. @param root the `html` element */
export const page = (root: Content): string => `<!doctype html>${renderToString(root as VNode)}`;
