import * as ts from "@tslab/typescript-for-tslab";

/**
 * tslab rewrites a variable of an earlier cell, `x`, to `exports.x`, but forgets `{ x }`: it would be
 * undefined when the cell runs. Two functions that tslab calls for this are mended here.
 */
export const visitEachChild: typeof ts.visitEachChild = (
  ...[node, visitor, context, ...rest]: Parameters<typeof ts.visitEachChild>
) => {
  if (!node || !ts.isShorthandPropertyAssignment(node)) {
    return ts.visitEachChild(node, visitor, context, ...rest) as never;
  }
  const visit = (child: ts.Expression): ts.Expression =>
    ts.visitNode(child, visitor) as ts.Expression;
  const { name, objectAssignmentInitializer: preset } = node;
  const value = visit(name);
  if (value === name) return node as never;
  const assigned = preset ? ts.factory.createAssignment(value, visit(preset)) : value;
  return ts.setTextRange(ts.factory.createPropertyAssignment(name, assigned), node) as never;
};

/** Asked for the `x` of `{ x }`, the checker now answers with the variable and not the property. */
export function mendChecker(checker: ts.TypeChecker): ts.TypeChecker {
  const { getSymbolAtLocation } = checker;
  checker.getSymbolAtLocation = (node) => {
    const name = ts.getParseTreeNode(node);
    const parent = name?.parent;
    return parent && ts.isShorthandPropertyAssignment(parent) && parent.name === name
      ? checker.getShorthandAssignmentValueSymbol(parent)
      : getSymbolAtLocation(node);
  };
  return checker;
}
