import { writeFileSync } from "node:fs";

/** A reporter of vitest: writes what `scripts/test.mjs` counts to the file that TEST_REPORT names, with the reason of each skip. */
export default class ReportForCounts {
  onTestRunEnd(modules, errors) {
    const files = modules.map((module) => ({
      path: module.relativeModuleId,
      seconds: module.diagnostic().duration / 1000,
      // Of hooks and of the file itself; a test's own errors are the test's.
      isBroken:
        module.errors().length > 0 || [...module.children.allSuites()].some((suite) => suite.errors().length > 0),
      tests: [...module.children.allTests()].map((test) => {
        const { state, note } = test.result();
        return { name: test.fullName, state, ...(note === undefined ? {} : { note }) };
      }),
    }));
    writeFileSync(process.env.TEST_REPORT, JSON.stringify({ files, strayErrors: errors.length }));
  }
}
