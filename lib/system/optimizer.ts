/**
 * Turns V8's optimizing compilers off for the rest of this program. What a hook does with a long policy is just long enough for V8 to
 * begin to optimize it, and done before that pays: 6 ms of 60. Code caches that were made before are refused from here on.
 */
export function stopOptimizing(): void {
  // Not imported: a hook with a short policy does not pay for it.
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const flag of ["--no-opt", "--no-maglev"]) setFlagsFromString(flag);
}
