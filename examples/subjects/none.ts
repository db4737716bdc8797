/** OpenVPN alone, no kill switch: what leaks here is what the others have to stop. */
export { openvpnAlone as default } from "../../test/leaktest/subject.ts";
