import { defineConfig } from "vitest/config";

// Starts packed binaries and makes namespaces, on machines with two cores: patient, and seldom more than two at once.
const slow = { testTimeout: 120_000, hookTimeout: 300_000, globalSetup: ["test/binary/build-once.ts"] };

export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      { test: { name: "unit", include: ["test/{unit,golden,fuzz}/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "binary", include: ["test/binary/**/*.test.ts"], ...slow } },
      {
        test: {
          name: "lab",
          include: ["test/{lab,attacks,gateway,tunnels,soak,leaktest}/**/*.test.ts"],
          ...slow,
        },
      },
      // Each of the others has a command of its own, npm run test:package and so on: they need more of the machine, and minutes.
      { test: { name: "containers", include: ["test/containers/**/*.test.ts"], ...slow } },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          globalSetup: ["test/package/build-once.ts"],
        },
      },
      {
        test: {
          name: "fleet",
          include: ["test/fleet/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          globalSetup: ["test/package/build-once.ts"],
        },
      },
      {
        test: {
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
});
