/** The class that colours a growth. */
export const trend = (perSecond: number): string => (perSecond > 0 ? 'up' : perSecond < 0 ? 'down' : 'flat');
