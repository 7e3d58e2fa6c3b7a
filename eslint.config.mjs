import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** House rules that a linter can check: one helper makes every Command, one place reads the configuration. */
const houseRules = {
  commands: {
    selector: "NewExpression[callee.property.name='Command']",
    message: "lib/hostScript.ts makes every Command: call hostScript().",
  },
  config: {
    selector: "NewExpression[callee.property.name='Config']",
    message: "index.ts reads the configuration, lib/config.ts checks it: take a value as an argument.",
  },
  hooks: {
    selector: "Program > ExpressionStatement > CallExpression[callee.name=/^(before|after)(Each)?$/]",
    message: "Outside of describe() a hook runs for the tests of every file.",
  },
};

export default tseslint.config(
  { ignores: ["node_modules/", "sdks/", ".lab/", "eslint.config.mjs"] },
  {
    files: ["**/*.ts", "depot/pageScript.js"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { "@pulumi": pulumi },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      // Verbs and request hooks must be async, whether or not they await anything.
      "@typescript-eslint/require-await": "off",
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // process.env["NAME"]: the compiler requires brackets for index signatures.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["components/**/*.ts", "lib/**/*.ts", "index.ts"],
    ignores: ["lib/hostScript.ts"],
    rules: { "no-restricted-syntax": ["error", houseRules.commands, houseRules.config] },
  },
  {
    files: ["protocol/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "^(?!zod$|\\./)", message: "protocol/ is shared by all: it imports only zod." },
          ],
        },
      ],
    },
  },
  { files: ["tests/**/*.ts"], rules: { "no-restricted-syntax": ["error", houseRules.hooks] } },
);
