-- Read by Neovim 0.11 from any plugin on the runtime path, so that
-- `vim.lsp.enable('backend_engineer')` is all that a user's configuration needs.
return require('backend_engineer').client_config()
