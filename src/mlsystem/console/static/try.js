// A click on an example fills the form with it.
document.addEventListener("click", event => {
  const example = event.target.closest?.("[data-example]");
  if (!example) return;
  const body = document.getElementById("try-body"), type = document.getElementById("try-type");
  body.value = example.dataset.example;
  if ([...type.options].some(option => option.value === example.dataset.type)) type.value = example.dataset.type;
  body.form.querySelector("input[type=file]").value = "";
  body.focus();
});
