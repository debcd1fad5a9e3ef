/** Finds the mutants of a source file: small changes of its behaviour, each of which a test should notice. */

import { parse } from '@babel/parser';

/** A piece of a source, by its offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One change of a source file. */
export interface Mutant extends Span {
  /** Below the project, such as `pipe/io/glob.ts`. */
  readonly file: string;
  readonly line: number;
  /** What replaces the span. */
  readonly replacement: string;
  /** What must be evaluated or executed for the change to matter. */
  readonly anchor: Span & { readonly isStatement: boolean };
  /** The change, on one line. */
  readonly change: string;
}

/** A node of the syntax tree (https://github.com/babel/babel/blob/main/packages/babel-parser/ast/spec.md). */
interface Node extends Span {
  readonly type: string;
  readonly loc: { readonly start: { readonly line: number } };
  readonly [property: string]: unknown;
}

interface Place {
  readonly parent: Node | undefined;
  readonly isInTry: boolean;
  /** The words of a message, which the rest of the program does not depend on. */
  readonly isMessage: boolean;
}

const otherOperators: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
};

/** These have a type that TypeScript removes around an expression that stays. */
const typedExpressions: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
]);
const logMethods: ReadonlySet<string> = new Set(['debug', 'info', 'warning']);
const maxChangeLength = 70;

/** All mutants of a TypeScript source, in the order of the source. */
export function findMutants(file: string, source: string): readonly Mutant[] {
  const mutants: Mutant[] = [];
  const textOf = ({ start, end }: Span): string => source.slice(start, end);
  const { program } = parse(source, { sourceType: 'module', plugins: ['typescript'] });
  visit(program as unknown as Node, { parent: undefined, isInTry: false, isMessage: false });
  return mutants;

  function add(node: Node, replacement: string, isStatement = false): void {
    const { start, end } = node;
    const change = `${textOf(node)} -> ${replacement}`.replaceAll(/\s+/g, ' ');
    const { line } = node.loc.start;
    mutants.push({ file, line, start, end, replacement, anchor: { start, end, isStatement }, change: shorten(change) });
  }

  function visit(node: Node, place: Place): void {
    if (isTypeOnly(node)) return;
    mutate(node, place);
    const isMessage = place.isMessage || isMessageCall(node);
    for (const [property, value] of Object.entries(node)) {
      if (property === 'source' || (property === 'key' && node['computed'] !== true)) continue;
      const isInTry = isFunction(node)
        ? false
        : place.isInTry || (node.type === 'TryStatement' && property === 'block');
      for (const child of [value].flat()) if (isNode(child)) visit(child, { parent: node, isInTry, isMessage });
    }
  }

  function mutate(node: Node, { parent, isInTry, isMessage }: Place): void {
    const { test, left, right, argument, body, expression } = node as Record<string, Node | undefined>;
    const operator = String(node['operator']);
    switch (node.type) {
      case 'IfStatement':
      case 'ConditionalExpression':
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'ForStatement':
        // The mutants of a comparison or a negation include its opposite.
        if (test && !/^(Binary|Unary)Expression$/.test(test.type)) add(test, `!(${textOf(test)})`);
        break;
      case 'UnaryExpression':
        if (operator === '!' && argument) add(node, `(${textOf(argument)})`);
        break;
      case 'BinaryExpression':
      case 'LogicalExpression': {
        if (!left || !right) break;
        // The operands as they are written: their own spans leave out parentheses.
        const at = source.indexOf(operator, left.end);
        const [before, after] = [source.slice(node.start, at), source.slice(at + operator.length, node.end)];
        const other = otherOperators[operator];
        const joinsText = operator === '+' && [left, right].some(({ type }) => /^(String|Template)/.test(type));
        if (other !== undefined && !joinsText) add(node, `(${before}${other}${after})`);
        if (operator === '??') add(node, `(${before.trimEnd()})`);
        break;
      }
      case 'ReturnStatement':
        if (argument && textOf(argument) !== 'undefined') add(node, 'return;', true);
        break;
      case 'ArrowFunctionExpression':
        if (body && body.type !== 'BlockStatement' && textOf(body) !== 'undefined') add(body, 'undefined');
        break;
      case 'StringLiteral':
        if (!isMessage && !/\s/.test(String(node['value']))) add(node, node['value'] === '' ? "'mutant'" : "''");
        break;
      case 'TemplateLiteral':
        if (!isMessage && parent?.type !== 'TaggedTemplateExpression' && !/\s/.test(textOf(node))) add(node, "''");
        break;
      case 'NumericLiteral':
        add(node, String(Number(node['value']) + 1));
        break;
      case 'BooleanLiteral':
        add(node, String(node['value'] !== true));
        break;
      case 'ArrayExpression':
        if ((node['elements'] as readonly unknown[]).length > 0) add(node, '[]');
        break;
      case 'AwaitExpression':
        // A function that is async waits for what it returns, except for a `catch` or `finally` of its own.
        if (argument && (isInTry || !/^(ReturnStatement|ArrowFunctionExpression)$/.test(parent?.type ?? '')))
          add(node, `(${textOf(argument)})`);
        break;
      case 'ThrowStatement':
        add(node, ';', true);
        break;
      case 'ExpressionStatement':
        if (expression && /^(Call|Await|Assignment|Update)Expression$/.test(expression.type)) {
          if (!/^super\(|\.debug\(/.test(textOf(expression))) add(node, ';', true);
        }
        break;
      default:
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'loc' in value;
}

function isTypeOnly({ type }: Node): boolean {
  if (/^(Import|ExportAll)Declaration$|^Comment/.test(type)) return true;
  return type.startsWith('TS') && !typedExpressions.has(type);
}

function isFunction({ type }: Node): boolean {
  return /^(Arrow)?Function|Method$/.test(type);
}

/** The creation of an error, or a line of the log. */
function isMessageCall({ type, callee }: Node): boolean {
  if (!isNode(callee)) return false;
  if (type === 'NewExpression') return String(callee['name']).endsWith('Error');
  const { property } = callee;
  return type === 'CallExpression' && isNode(property) && logMethods.has(String(property['name']));
}

function shorten(text: string): string {
  if (text.length <= 2 * maxChangeLength) return text;
  return `${text.slice(0, maxChangeLength)} … ${text.slice(-maxChangeLength)}`;
}
