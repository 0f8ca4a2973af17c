-- wrk script: each thread, with the one connection it has, pushes blob after blob as docker does a
-- small one: POST, then PUT of the bytes where the answer says. FOLDER, REPOSITORY and TOKEN are
-- set before it; FOLDER/<thread> has a line "<digest> <body>" for each blob.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  blobs, at, pushed, refused, location = {}, 1, 0, 0, nil
  for line in io.lines(FOLDER .. "/" .. number) do
    local digest, body = line:match("^(%S+) (.*)$")
    table.insert(blobs, { digest, body })
  end
  fields = { ["Content-Type"] = "application/octet-stream" }
  if TOKEN ~= "" then fields["Authorization"] = "Bearer " .. TOKEN end
end

function request()
  if location == nil then
    return wrk.format("POST", "/v2/" .. REPOSITORY .. "/blobs/uploads/", fields, "")
  end
  local digest, body = unpack(blobs[at])
  local sign = location:find("?", 1, true) and "&" or "?"
  return wrk.format("PUT", location .. sign .. "digest=" .. digest, fields, body)
end

function response(status, headers, body)
  if location == nil then
    local url = headers["Location"] or headers["location"] or ""
    location = url:gsub("^https?://[^/]+", "")
    if status ~= 202 then refused = refused + 1; location = nil end
  else
    if status == 201 then pushed = pushed + 1 else refused = refused + 1 end
    at, location = at % #blobs + 1, nil
  end
end

function done(summary)
  local all, bad = 0, 0
  for _, thread in ipairs(threads) do
    all, bad = all + thread:get("pushed"), bad + thread:get("refused")
  end
  print("pushed " .. all .. " refused " .. bad .. " us " .. summary.duration)
end
