const units = [
  ["day", 24 * 60 * 60],
  ["hour", 60 * 60],
  ["minute", 60],
  ["second", 1],
] as const;

/** A time of so many seconds as a person says it, of its largest unit only: "12 minutes". */
export function inWords(seconds: number): string {
  const [unit, length] = units.find(([, each]) => seconds >= each) ?? ["second", 1];
  const count = Math.floor(seconds / length);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** The time of day where the machine is, with the date unless that is today's. */
export function clockTime(time: Date, now: Date): string {
  const [day, today] = [time, now].map((each) =>
    [each.getFullYear(), each.getMonth() + 1, each.getDate()].map(twoDigits).join("-"),
  );
  const clock = [time.getHours(), time.getMinutes()].map(twoDigits).join(":");
  return day === today ? clock : `${day} ${clock}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
