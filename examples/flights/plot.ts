import type { Summary } from "./aggregate.ts";

/** A part of the picture: its height, and its marks with the origin at its upper left corner. */
export interface Panel {
  readonly height: number;
  readonly svg: string;
}

/** What the panels share; it comes in as an argument, so that a new colour draws them again. */
export const theme = {
  width: 900,
  mean: "#0072b2",
  p90: "#d55e00",
  ink: "#1f2933",
  muted: "#61707d",
  grid: "#e2e7eb",
};
export type Theme = Readonly<typeof theme>;

/** Mean and 90th percentile by hour, with bands for the intervals, over a strip of how many flights there are. */
export function plotHours(hours: readonly Summary[], look: Theme): Panel {
  const [left, right, top, bottom, strip] = [52, 118, 58, 300, 44];
  const step = (look.width - left - right) / Math.max(1, hours.length - 1);
  const x = (index: number) => left + index * step;
  const highest = Math.max(...hours.map((hour) => hour.p90Interval[1]));
  const lowest = Math.min(...hours.map((hour) => hour.meanInterval[0]));
  const tick = [5, 10, 20, 25, 50, 100, 200, 500].find((size) => (highest - lowest) / size <= 7) ?? 1000;
  const [low, high] = [Math.min(0, lowest - tick / 5), Math.ceil(highest / tick) * tick];
  const y = (minutes: number) => bottom - ((minutes - low) / (high - low)) * (bottom - top);
  const points = (values: readonly number[]) =>
    values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);

  const series = (name: string, colour: string, values: number[], intervals: (readonly [number, number])[]) => {
    const upper = points(intervals.map((interval) => interval[1]));
    const lower = points(intervals.map((interval) => interval[0])).toReversed();
    const dots = values.map(
      (value, index) =>
        `<circle cx="${x(index).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3"><title>${hours[index]!.name}: ${value.toFixed(1)} min</title></circle>`,
    );
    return `<g fill="${colour}">
<polygon points="${[...upper, ...lower].join(" ")}" opacity="0.18"/>
<polyline points="${points(values).join(" ")}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"/>
${dots.join("\n")}
<text x="${look.width - right + 10}" y="${(y(values.at(-1) ?? 0) + 4).toFixed(1)}" font-weight="600">${name}</text>
</g>`;
  };

  const lines = Math.floor((high - low) / tick) + 1;
  const grid = Array.from({ length: lines }, (_, index) => high - index * tick).map(
    (
      minutes,
    ) => `<line x1="${left}" x2="${look.width - right}" y1="${y(minutes).toFixed(1)}" y2="${y(minutes).toFixed(1)}" stroke="${minutes === 0 ? look.muted : look.grid}"/>
<text x="${left - 8}" y="${(y(minutes) + 4).toFixed(1)}" text-anchor="end">${String(minutes).replace("-", "−")}</text>`,
  );
  const most = Math.max(...hours.map((hour) => hour.flights));
  const floor = bottom + 22 + strip;
  const bars = hours.map((hour, index) => {
    const tall = (hour.flights / most) * strip;
    return `<rect x="${(x(index) - step * 0.35).toFixed(1)}" y="${(floor - tall).toFixed(1)}" width="${(step * 0.7).toFixed(1)}" height="${tall.toFixed(1)}" fill="${look.grid}"><title>${hour.name}: ${hour.flights.toLocaleString("en")} flights</title></rect>
<text x="${x(index).toFixed(1)}" y="${floor + 16}" text-anchor="middle">${hour.label}</text>`;
  });
  return {
    height: floor + 76,
    svg: `<text x="0" y="18" class="title">Delay on arrival, by the hour at which the flight left</text>
<text x="0" y="38" fill="${look.muted}">Minutes. Bands are 95 % intervals; grey bars are the number of flights (at most ${most.toLocaleString("en")} in an hour).</text>
<g fill="${look.muted}">${[...grid, ...bars].join("\n")}</g>
${series(
  "mean",
  look.mean,
  hours.map((hour) => hour.mean),
  hours.map((hour) => hour.meanInterval),
)}
${series(
  "90th percentile",
  look.p90,
  hours.map((hour) => hour.p90),
  hours.map((hour) => hour.p90Interval),
)}
<text x="${(left + look.width - right) / 2}" y="${floor + 36}" text-anchor="middle" fill="${look.muted}">hour of actual departure, local time</text>`,
  };
}

/** The `top` groups with the longest mean delay: a dot for the mean and a line for its interval. */
export function plotRanking(summaries: readonly Summary[], title: string, top: number, look: Theme): Panel {
  const [left, right, head, row] = [370, 90, 78, 24];
  const shown = [...summaries].sort((a, b) => b.mean - a.mean).slice(0, top);
  const low = Math.min(0, Math.floor(Math.min(...shown.map((group) => group.meanInterval[0])) / 10) * 10);
  const high = Math.ceil(Math.max(...shown.map((group) => group.meanInterval[1])) / 10) * 10;
  const x = (minutes: number) => left + ((minutes - low) / (high - low)) * (look.width - left - right);
  const bottom = head + shown.length * row;
  const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

  const tick = high - low > 60 ? 20 : 10;
  const ticks = Array.from({ length: Math.floor((high - low) / tick) + 1 }, (_, index) => low + index * tick);
  const grid = ticks.map(
    (
      minutes,
    ) => `<line x1="${x(minutes).toFixed(1)}" x2="${x(minutes).toFixed(1)}" y1="${head - 8}" y2="${bottom}" stroke="${minutes === 0 ? look.muted : look.grid}"/>
<text x="${x(minutes).toFixed(1)}" y="${head - 14}" text-anchor="middle" fill="${look.muted}">${String(minutes).replace("-", "−")}</text>`,
  );
  const rows = shown.map((group, index) => {
    const y = head + index * row + row / 2;
    const [from, to] = group.meanInterval;
    return `<g><title>${escape(group.name)}: ${group.mean.toFixed(1)} min</title>
<text x="0" y="${y + 4}" font-weight="600">${escape(group.label)}</text>
<text x="88" y="${y + 4}" fill="${look.muted}">${escape(group.name)}</text>
<line x1="${x(from).toFixed(1)}" x2="${x(to).toFixed(1)}" y1="${y}" y2="${y}" stroke="${look.mean}" stroke-width="2" opacity="0.45"/>
<circle cx="${x(group.mean).toFixed(1)}" cy="${y}" r="4.5" fill="${look.mean}"/>
<text x="${look.width}" y="${y + 4}" text-anchor="end" fill="${look.muted}">${group.flights.toLocaleString("en")} flights</text></g>`;
  });
  return {
    height: bottom + 36,
    svg: `<text x="0" y="18" class="title">${escape(title)}</text>
<text x="0" y="38" fill="${look.muted}">Mean minutes on arrival, with 95 % intervals.</text>
${[...grid, ...rows].join("\n")}`,
  };
}

/** Puts the panels under each other in one picture. */
export function picture(title: string, panels: readonly Panel[], look: Theme): string {
  const margin = 28;
  let y = margin;
  const placed = panels.map((panel) => {
    const group = `<g transform="translate(${margin} ${y})">\n${panel.svg}\n</g>`;
    y += panel.height;
    return group;
  });
  const [width, height] = [look.width + 2 * margin, y + margin / 2];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="picture-title" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif" font-size="12" fill="${look.ink}">
<title id="picture-title">${title}</title>
<style>.title { font-size: 16px; font-weight: 600; }</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${placed.join("\n")}
</svg>
`;
}
