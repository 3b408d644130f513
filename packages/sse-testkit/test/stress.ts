/** Whether stress tests run at full length, as `npm run stress` has it; else they take seconds. */
export const isFullStress: boolean = process.env.SSEKIT_STRESS === 'full'
