import * as ts from "@tslab/typescript-for-tslab";

import { WATCH } from "./watch";

export interface Instrumentation {
  readonly transformer: ts.TransformerFactory<ts.SourceFile>;
  /** Filled while transforming: the code awaits outside any function. */
  readonly found: { topLevelAwait: boolean };
}

/**
 * Rewrites the JavaScript of a cell so that it can be stopped:
 * `await x` → `$cell$.resume($cell$.owner, await $cell$.gate(x))`,
 * `for await (… of x)` → `for await (… of $cell$.iterate(x))`,
 * and every loop's body begins with `$cell$.poll()`.
 */
export function instrument(): Instrumentation {
  const found = { topLevelAwait: false };
  return { found, transformer: (context) => (file) => new Rewriter(context, found).file(file) };
}

class Rewriter {
  private depth = 0;
  private readonly f: ts.NodeFactory;

  constructor(
    private readonly context: ts.TransformationContext,
    private readonly found: { topLevelAwait: boolean },
  ) {
    this.f = context.factory;
  }

  file(file: ts.SourceFile): ts.SourceFile {
    return this.children(file);
  }

  private children<T extends ts.Node>(node: T): T {
    return ts.visitEachChild(node, (child) => this.visit(child), this.context);
  }

  private visit(node: ts.Node): ts.Node {
    const { f } = this;
    if (ts.isFunctionLike(node)) {
      this.depth += 1;
      const visited = this.children(node);
      this.depth -= 1;
      return visited;
    }
    if (ts.isAwaitExpression(node)) return this.awaitExpression(node);
    const inner = this.children(node);
    if (ts.isObjectBindingPattern(inner)) return this.withoutExports(inner);
    if (ts.isForOfStatement(inner)) {
      const { awaitModifier, initializer, expression, statement } = inner;
      if (awaitModifier && this.depth === 0) this.found.topLevelAwait = true;
      const over = awaitModifier ? this.call("iterate", [expression]) : expression;
      const body = this.polling(statement);
      return f.updateForOfStatement(inner, awaitModifier, initializer, over, body);
    }
    if (ts.isForInStatement(inner)) {
      const body = this.polling(inner.statement);
      return f.updateForInStatement(inner, inner.initializer, inner.expression, body);
    }
    if (ts.isForStatement(inner)) {
      const { initializer, condition, incrementor, statement } = inner;
      const body = this.polling(statement);
      return f.updateForStatement(inner, initializer, condition, incrementor, body);
    }
    if (ts.isWhileStatement(inner)) {
      return f.updateWhileStatement(inner, inner.expression, this.polling(inner.statement));
    }
    if (ts.isDoStatement(inner)) {
      return f.updateDoStatement(inner, this.polling(inner.statement), inner.expression);
    }
    return inner;
  }

  /**
   * tslab writes `exports.` before names of earlier cells. It takes the `loss` of `{ loss: l }` for
   * one when an earlier cell declared the object's type, and prints `{ exports, loss: l }`.
   */
  private withoutExports(pattern: ts.ObjectBindingPattern): ts.ObjectBindingPattern {
    const isOurs = ({ name, propertyName }: ts.BindingElement): boolean =>
      propertyName !== undefined || !ts.isIdentifier(name) || name.text !== "exports";
    return this.f.updateObjectBindingPattern(pattern, pattern.elements.filter(isOurs));
  }

  private awaitExpression(node: ts.AwaitExpression): ts.Node {
    const { f } = this;
    if (this.depth === 0) this.found.topLevelAwait = true;
    const inner = this.children(node);
    const gated = f.updateAwaitExpression(inner, this.call("gate", [inner.expression]));
    const owner = f.createPropertyAccessExpression(f.createIdentifier(WATCH), "owner");
    return ts.setTextRange(this.call("resume", [owner, gated]), node);
  }

  private polling(body: ts.Statement): ts.Block {
    const { f } = this;
    const poll = f.createExpressionStatement(this.call("poll", []));
    const statements = ts.isBlock(body) ? body.statements : [body];
    return ts.setTextRange(f.createBlock([poll, ...statements], true), body);
  }

  private call(method: string, args: ts.Expression[]): ts.CallExpression {
    const watch = this.f.createIdentifier(WATCH);
    const callee = this.f.createPropertyAccessExpression(watch, method);
    return this.f.createCallExpression(callee, undefined, args);
  }
}
