import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project, absolute. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)));
