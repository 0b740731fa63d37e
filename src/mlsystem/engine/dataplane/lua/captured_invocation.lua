-- An endpoint whose traffic is captured: both bodies go, base64, into metadata that the capture log writes down at
-- the end of the request. The answer is read chunk by chunk while it passes, so a model that streams its answer still
-- does.

local LARGEST_BODY_BYTES = 6 * 1024 * 1024

local function read_chunks(handle)
  local parts, size = {}, 0
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    size = size + length
    if length > 0 and size <= LARGEST_BODY_BYTES then
      parts[#parts + 1] = chunk:getBytes(0, length)
    end
  end
  if size > LARGEST_BODY_BYTES then
    return nil
  end
  return handle:base64Escape(table.concat(parts))
end

function envoy_on_request(handle)
  local data = read_chunks(handle)
  handle:streamInfo():dynamicMetadata():set("mlsystem", "request", data)
end

function envoy_on_response(handle)
  local headers = handle:headers()
  if is_container_error(headers) then
    answer_model_error(handle)
  elseif string.sub(headers:get(":status"), 1, 1) == "2" then
    local data = read_chunks(handle)
    local metadata = handle:streamInfo():dynamicMetadata()
    metadata:set("mlsystem", "response", data)
    metadata:set("mlsystem", "is_complete", true)
  end
end
