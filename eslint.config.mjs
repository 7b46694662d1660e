import tseslint from "typescript-eslint";

/** Budgets of CONTRIBUTING.md: files ≤ 250 lines, functions ≤ 50. */
const budgets = {
  "max-lines": ["error", { max: 250 }],
  "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
  "max-params": ["error", 4],
};

export default tseslint.config(
  {
    ignores: ["**/dist/**", ".build/**", ".latentlab/**", "node_modules/**"],
  },
  ...tseslint.configs.strict,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      ...budgets,
      eqeqeq: "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
    },
  },
  { files: ["**/*.mjs"], rules: budgets },
  {
    files: ["test/**/*.ts"],
    rules: { "max-lines-per-function": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    // A notebook is as long as its cells are many, and a cell may end in the value that it shows.
    files: ["notebooks/src/*.nb.ts"],
    rules: {
      "max-lines": "off",
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/no-unused-vars": "off",
    },
  },
);
