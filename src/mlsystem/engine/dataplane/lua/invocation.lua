-- An endpoint whose traffic is not captured.

function envoy_on_response(handle)
  if is_container_error(handle:headers()) then
    answer_model_error(handle)
  end
end
