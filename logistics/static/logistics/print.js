// After papers were counted as printed, the printer's dialog opens; without JavaScript one prints.
"use strict";
if (document.body.hasAttribute("data-print")) {
  // A reload or the way back shows the papers and opens no dialog.
  const url = new URL(location.href);
  url.searchParams.delete("go");
  history.replaceState(null, "", url);
  window.print();
}
