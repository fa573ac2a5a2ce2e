/** Where Debian's package puts Chromium. */
export const CHROMIUM = '/usr/bin/chromium';
