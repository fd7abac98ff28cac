import { setTimeout as sleep } from 'node:timers/promises'

const HOUR_MS = 3_600_000
const NEAR_MS = 30_000

/**
 * Waits for the full hour when it is near. Budgets of Admin calls begin anew then, as the vendor's do, and so would
 * one in the middle of a test that counts calls.
 */
export async function clearOfFullHour (): Promise<void> {
  const leftMs = HOUR_MS - Date.now() % HOUR_MS
  if (leftMs < NEAR_MS) await sleep(leftMs)
}
