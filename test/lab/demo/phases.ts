/** The phases of the story, in their order. */
export const phaseNames = [
  "no VPN yet",
  "connecting",
  "connected",
  "VPN killed",
  "reconnecting",
  "reconnected",
] as const;

export type PhaseName = (typeof phaseNames)[number];

/** In these, wanted traffic has to flow. */
export const connectedPhases: readonly PhaseName[] = ["connected", "reconnected"];
