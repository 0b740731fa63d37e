-- Turns an error of the model container into SageMaker's ModelError: HTTP 424 with the container's status and body
-- inside.
-- https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
-- Successful answers are not touched, so they stream through.

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape_character(character)
  return ESCAPES[character] or string.format("\\u%04x", string.byte(character))
end

-- The length of the UTF-8 sequence at `at`, 0 when there is none: JSON carries no other bytes.
local function sequence_length(text, at)
  local first, second, third, fourth = string.byte(text, at, at + 3)
  local function continues(byte, low, high)
    return byte ~= nil and byte >= (low or 0x80) and byte <= (high or 0xBF)
  end
  if first < 0x80 then
    return 1
  elseif first >= 0xC2 and first <= 0xDF then
    return continues(second) and 2 or 0
  elseif first >= 0xE0 and first <= 0xEF then
    local low, high = first == 0xE0 and 0xA0 or 0x80, first == 0xED and 0x9F or 0xBF
    return continues(second, low, high) and continues(third) and 3 or 0
  elseif first >= 0xF0 and first <= 0xF4 then
    local low, high = first == 0xF0 and 0x90 or 0x80, first == 0xF4 and 0x8F or 0xBF
    return continues(second, low, high) and continues(third) and continues(fourth) and 4 or 0
  end
  return 0
end

local function valid_utf8(text)
  if not string.find(text, "[\128-\255]") then
    return text
  end
  local parts, at = {}, 1
  while at <= #text do
    local length = sequence_length(text, at)
    parts[#parts + 1] = length == 0 and "\239\191\189" or string.sub(text, at, at + length - 1)
    at = at + math.max(length, 1)
  end
  return table.concat(parts)
end

local function quote(text)
  return '"' .. string.gsub(valid_utf8(text), '[%c"\\]', escape_character) .. '"'
end

-- Only an answer of the container carries this header: Envoy adds it. Envoy's own refusals have their words already.
local function is_container_error(headers)
  return headers:get("x-envoy-upstream-service-time") ~= nil and tonumber(headers:get(":status")) >= 400
end

local function answer_model_error(handle)
  -- The request log reads it, and the words for a body of several megabytes, which Envoy refuses to hold.
  handle:streamInfo():dynamicMetadata():set("mlsystem", "model_status", tonumber(handle:headers():get(":status")))
  -- Waits for the whole body; what Envoy lent out before the wait is no longer valid after it.
  local body = handle:body(true)
  local headers, route = handle:headers(), handle:metadata()
  local status = tonumber(headers:get(":status"))
  local original = body:length() > 0 and body:getBytes(0, body:length()) or ""
  local blame, code = "client", "CLIENT_ERROR_FROM_MODEL"
  if status >= 500 then
    blame, code = "server", "INTERNAL_FAILURE_FROM_MODEL"
  end
  local message = string.format('Received %s error (%d) from primary with message "%s". %s', blame, status, original,
  route:get("see")) local answer = string.format(
    '{"ErrorCode":%s,"LogStreamArn":%s,"Message":%s,"OriginalMessage":%s,"OriginalStatusCode":%d}',
    quote(code), quote(route:get("log_group_arn")), quote(message), quote(original), status
  )
  body:setBytes(answer)
  headers:replace(":status", "424")
  headers:replace("content-type", "application/json")
  headers:replace("content-length", tostring(#answer))
  headers:replace("x-amzn-errortype", "ModelError")
  headers:remove("content-encoding")
  headers:remove("transfer-encoding")
end
