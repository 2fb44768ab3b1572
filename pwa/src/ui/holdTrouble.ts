/** What keeps a hold from being held, in words, by the server's error code. */
const TROUBLE: Record<string, string> = {
  custodian_forgot: 'The custodian no longer knows of the request.',
  custodian_holds_less: 'The custodian holds less than was asked for.',
  custodian_unreachable: 'The custodian could not be reached.',
  custodian_refused: 'The custodian declined.',
  no_custodian: 'No custodian is set up for this kind of camera; the desk has to ask for it by letter.'
};

export function holdTrouble(code: string): string {
  return TROUBLE[code] ?? `Reported: ${code.replaceAll('_', ' ')}.`;
}
