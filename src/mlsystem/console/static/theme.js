// Before anything is drawn: light or dark, as the reader chose here or in their system.
try {
  const chosen = localStorage.getItem("mlsystem-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* a browser that keeps nothing follows its system */ }
