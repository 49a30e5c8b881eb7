--- :checkhealth backend_engineer
local M = {}

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. version)
  else
    vim.health.error('Neovim 0.11 or newer is needed, this is ' .. version, 'Update Neovim')
  end
end

---@return boolean
local function check_server()
  local plugin = require('backend_engineer')
  local command, found = plugin.command()
  if not command then
    local advice = {
      'Install it: `pipx install backend-engineer`',
      "or name the command: require('backend_engineer').setup({ cmd = { … } })",
    }
    if plugin.project_command() then
      table.insert(advice, 'or use the one in the project: setup({ project_environment = true })')
    end
    vim.health.error('the server is not installed: `backend-engineer` is not on the PATH', advice)
    return false
  end
  if vim.fn.executable(command[1]) ~= 1 then
    vim.health.error(('`%s` cannot be executed'):format(command[1]), 'It comes from ' .. found)
    return false
  end
  vim.health.ok(('server command, from %s: `%s`'):format(found, table.concat(command, ' ')))
  return true
end

local function check_version()
  local command = require('backend_engineer').program('--version')
  local started, process = pcall(vim.system, command, { text = true, timeout = 20000 })
  local done = started and process:wait() or { code = -1, stderr = tostring(process) }
  if done.code == 0 then
    vim.health.ok('it answers: ' .. vim.trim(done.stdout))
  else
    local said = vim.trim(done.stderr or '')
    vim.health.error('the server does not start', said ~= '' and { said } or nil)
  end
end

local function check_clients()
  local clients = require('backend_engineer').clients()
  if not vim.lsp.is_enabled('backend_engineer') then
    vim.health.warn(
      'not enabled',
      "Put `vim.lsp.enable('backend_engineer')` or `require('backend_engineer').setup()` into init.lua"
    )
  elseif #clients == 0 then
    vim.health.info('no server runs yet: open a Python, JavaScript, TypeScript or SQL file')
  end
  for _, client in ipairs(clients) do
    vim.health.ok(
      ('running in `%s`, attached to %d buffer(s), positions in %s'):format(
        client.root_dir or '(no project)',
        vim.tbl_count(client.attached_buffers),
        client.offset_encoding
      )
    )
  end
end

function M.check()
  vim.health.start('Backend Engineer')
  check_neovim()
  if check_server() then
    check_version()
  end
  check_clients()
end

return M
