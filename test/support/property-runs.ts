/** Options of every property: few runs by default, many with `SLOW=1`. */
export const runs = { numRuns: process.env.SLOW ? 20_000 : 200 };
