--- Backend Engineer for Neovim: which server to start, and what belongs to it.
local M = {}

local NAME = 'backend_engineer'
local SECTION = 'backend-engineer'

---@class backend_engineer.Options
---@field cmd? string[] the command that starts the server; found when absent
---@field project_environment? boolean also look into the project's own .venv (runs code of the project)
---@field settings? table<string, any> settings as in docs/settings.md, over those of the project
---@field enable? boolean attach to buffers; true unless said otherwise

---@type backend_engineer.Options
M.options = { project_environment = false, settings = {}, enable = true }

--- In the order of the server's own search for a project, so that both agree on the root.
M.root_markers = {
  'backend-engineer.toml',
  { '.git', '.hg' },
  { 'pyproject.toml', 'package.json' },
}

---@param environment string? the folder of a Python environment
---@return string[]? command which cannot be led astray by the folder that is open: `-I`
local function in_environment(environment)
  if not environment or environment == '' then
    return nil
  end
  local windows = vim.fn.has('win32') == 1
  local programs = vim.fs.joinpath(environment, windows and 'Scripts' or 'bin')
  local suffix = windows and '.exe' or ''
  local python = vim.fs.joinpath(programs, 'python' .. suffix)
  local script = vim.fs.joinpath(programs, 'backend-engineer' .. suffix)
  if vim.fn.executable(script) == 1 and vim.fn.executable(python) == 1 then
    return { python, '-I', '-m', 'backend_engineer', 'lsp' }
  end
end

---@return string[]?
local function on_path()
  local script = vim.fn.exepath('backend-engineer')
  if script == '' then
    return nil
  end
  -- pipx and uv link to a script in an environment of its own: its Python starts isolated.
  local environment = vim.fs.dirname(vim.fs.dirname(vim.uv.fs_realpath(script) or script))
  if vim.uv.fs_stat(vim.fs.joinpath(environment, 'pyvenv.cfg')) then
    return in_environment(environment) or { script, 'lsp' }
  end
  return { script, 'lsp' }
end

---@param line string
---@return string[] words split at blanks, except for those inside double quotes
local function words(line)
  local held = line:gsub('"([^"]*)"', function(quoted)
    return (quoted:gsub('%s', '\1'))
  end)
  return vim.tbl_map(function(word)
    return (word:gsub('\1', ' '))
  end, vim.split(held, '%s+', { trimempty = true }))
end

--- The environment of the project around the current file, whether it may be used or not.
---@return string[]?
function M.project_command()
  local here = vim.bo.buftype == '' and vim.api.nvim_buf_get_name(0) or ''
  local root = vim.fs.root(here ~= '' and here or vim.fn.getcwd(), {
    'backend-engineer.toml',
    '.git',
    '.hg',
    'pyproject.toml',
    'package.json',
  })
  return root
    and (
      in_environment(vim.fs.joinpath(root, '.venv')) or in_environment(vim.fs.joinpath(root, 'venv'))
    )
end

--- The command that starts the server and where it was found; nil when there is none.
---@return string[]? command
---@return string found
function M.command()
  if M.options.cmd then
    return M.options.cmd, 'setup({ cmd = … })'
  end
  local named = vim.env.BACKEND_ENGINEER
  if named and named ~= '' then
    return words(named), '$BACKEND_ENGINEER'
  end
  for _, variable in ipairs({ 'VIRTUAL_ENV', 'CONDA_PREFIX' }) do
    local command = in_environment(vim.env[variable])
    if command then
      return command, '$' .. variable
    end
  end
  local command = M.options.project_environment and M.project_command()
  if command then
    return command, "the project's environment"
  end
  command = on_path()
  if command then
    return command, '$PATH'
  end
  return nil, 'nowhere'
end

--- A command of the server's program other than `lsp`.
---@param ... string
---@return string[]
function M.program(...)
  local command = vim.deepcopy(M.command() or { 'backend-engineer', 'lsp' })
  if command[#command] == 'lsp' then
    table.remove(command)
  end
  return vim.list_extend(command, { ... })
end

--- What the server has logged, oldest first.
---@type string[]
M.log = {}
local LOG_LINES = 2000
local LEVELS = { 'error', 'warning', 'info', 'log', 'debug' }

--- Keep what the server says, then do with it what Neovim does.
---@param method string
---@return lsp.Handler
local function kept(method)
  return function(err, params, ctx)
    local first = ('%s %s: '):format(os.date('%H:%M:%S'), LEVELS[params.type] or '?')
    for _, line in ipairs(vim.split(params.message, '\n', { trimempty = true })) do
      table.insert(M.log, first .. line)
      first = '    '
    end
    while #M.log > LOG_LINES do
      table.remove(M.log, 1)
    end
    return vim.lsp.handlers[method](err, params, ctx)
  end
end

-- Neovim 0.11 does not know this request: without it, findings that need the whole project would
-- keep those of the open file waiting.
---@type lsp.Handler
local function refresh(_, _, ctx)
  local client = vim.lsp.get_client_by_id(ctx.client_id)
  for buffer in pairs(client and client.attached_buffers or {}) do
    local document = { uri = vim.uri_from_bufnr(buffer) }
    client:request('textDocument/diagnostic', { textDocument = document }, nil, buffer)
  end
  return vim.NIL
end

---@return vim.lsp.Config
function M.client_config()
  return {
    cmd = M.command() or { 'backend-engineer', 'lsp' },
    filetypes = {
      'python',
      'javascript',
      'javascriptreact',
      'typescript',
      'typescriptreact',
      'sql',
      'mysql',
      'prisma',
    },
    root_markers = M.root_markers,
    settings = { [SECTION] = M.options.settings },
    capabilities = { workspace = { diagnostics = { refreshSupport = true } } },
    handlers = {
      ['window/logMessage'] = kept('window/logMessage'),
      ['window/showMessage'] = kept('window/showMessage'),
      ['workspace/diagnostic/refresh'] = refresh,
    },
  }
end

---@return vim.lsp.Client[]
function M.clients()
  return vim.lsp.get_clients({ name = NAME })
end

--- Stop the server and start it again, by the command that is found now.
function M.restart()
  vim.lsp.enable(NAME, false)
  local stopping = M.clients()
  for _, client in ipairs(stopping) do
    client:stop()
  end
  local function start()
    vim.lsp.config(NAME, M.client_config())
    vim.lsp.enable(NAME)
  end
  local tries = 0
  local function when_stopped()
    tries = tries + 1
    local running = vim.tbl_filter(function(client)
      return not client:is_stopped()
    end, stopping)
    if #running == 0 then
      return start()
    end
    if tries == 30 then
      -- Three seconds are enough for an orderly end.
      for _, client in ipairs(running) do
        client:stop(true)
      end
    end
    vim.defer_fn(when_stopped, 100)
  end
  when_stopped()
end

---@param name string
---@param lines string[]
---@param filetype string
local function show(name, lines, filetype)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, true, lines)
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = filetype
  vim.cmd.sbuffer(buffer)
  pcall(vim.api.nvim_buf_set_name, buffer, name)
end

--- What the server has said since Neovim was started, in a window.
function M.show_log()
  local lines = #M.log > 0 and M.log or { 'The server has said nothing.' }
  show('backend-engineer://log', lines, 'log')
  vim.cmd.normal({ 'G', bang = true })
end

--- The page of a rule, in a window; by default of the finding under the cursor.
---@param rule? string
function M.explain(rule)
  if not rule or rule == '' then
    local line = vim.api.nvim_win_get_cursor(0)[1] - 1
    for _, finding in ipairs(vim.diagnostic.get(0, { lnum = line })) do
      if finding.source == SECTION then
        rule = finding.code
      end
    end
  end
  if not rule or rule == '' then
    return vim.notify('backend-engineer: no finding on this line', vim.log.levels.WARN)
  end
  vim.system(M.program('explain', rule), { text = true }, function(done)
    vim.schedule(function()
      if done.code ~= 0 then
        return vim.notify(vim.trim(done.stderr), vim.log.levels.ERROR)
      end
      local lines = vim.split(done.stdout, '\n', { trimempty = true })
      show('backend-engineer://' .. rule, lines, 'markdown')
    end)
  end)
end

--- Apply every fix in the buffer that is proved to be safe.
function M.fix_all()
  vim.lsp.buf.code_action({
    context = { only = { 'source.fixAll.' .. SECTION }, diagnostics = {} },
    apply = true,
  })
end

--- Define the commands of |backend-engineer-commands|.
function M.define_commands()
  local define = vim.api.nvim_create_user_command
  define('BackendEngineerRestart', M.restart, { desc = 'Restart the server' })
  define('BackendEngineerLog', M.show_log, { desc = 'Show what the server has logged' })
  define('BackendEngineerFixAll', M.fix_all, { desc = 'Apply the proved fixes in this buffer' })
  define('BackendEngineerInfo', 'checkhealth backend_engineer', { desc = 'Check the installation' })
  define('BackendEngineerExplain', function(arguments)
    M.explain(arguments.args)
  end, { nargs = '?', desc = 'Explain a rule, or the finding on this line' })
end

---@param options? backend_engineer.Options
function M.setup(options)
  M.options = vim.tbl_extend('force', M.options, options or {})
  M.define_commands()
  vim.lsp.config(NAME, M.client_config())
  if M.options.enable then
    vim.lsp.enable(NAME)
  end
end

return M
