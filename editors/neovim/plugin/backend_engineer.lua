if vim.g.loaded_backend_engineer then
  return
end
vim.g.loaded_backend_engineer = true

require('backend_engineer').define_commands()
