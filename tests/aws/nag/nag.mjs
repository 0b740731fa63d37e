// cdk-nag's AWS Solutions rules over templates: node nag.mjs TEMPLATE.json... prints a JSON list of [template, resource, rule].
import { basename } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { AwsSolutionsChecks } from "cdk-nag";

const found = [];
for (const file of process.argv.slice(2)) {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "stack");
  new CfnInclude(stack, "template", { templateFile: file });
  for (const violation of new AwsSolutionsChecks(app).validateScope(app).violations) {
    for (const where of violation.violatingConstructs ?? violation.violatingResources) {
      const path = where.constructPath ?? where.resourceLogicalId;
      found.push([basename(file, ".json"), path.split("/").pop(), violation.ruleName]);
    }
  }
}
console.log(JSON.stringify(found));
