// The empty program: packed as the product is, it shows what starting and ending the runtime costs by itself.
process.exitCode = 0;
