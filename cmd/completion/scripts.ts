/**
 * Completion of the executable under its own name, `kubectl-dbaudit`. Each script asks it for candidates by
 * `__complete` and does what the last line says (see DIRECTIVES). For `kubectl dbaudit` kubectl does this itself.
 */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

export type Shell = (typeof SHELLS)[number];

const BASH = `# source <(kubectl dbaudit completion bash)
_kubectl_dbaudit() {
  local line directive words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  local current=\${COMP_WORDS[COMP_CWORD]}
  # Bash parts words at "=": what was typed as one is asked for as one.
  local before=\${COMP_LINE:0:COMP_POINT}
  local typed=\${before##* }
  if [[ $typed == *=* ]]; then
    read -ra words <<<"$before"
    words=("\${words[@]:1}")
  fi
  local cut=\${typed%"$current"}
  [[ $current == = ]] && cut=$typed
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :* ]]; then directive=\${line#:}; break; fi
    line=\${line%%$'\\t'*}
    COMPREPLY+=("\${line#"$cut"}")
  done < <("\${COMP_WORDS[0]}" __complete "\${words[@]}" 2>/dev/null)
  if ((directive & 2)); then compopt -o nospace; fi
  if ! ((directive & 4)); then compopt -o default; fi
}
complete -F _kubectl_dbaudit kubectl-dbaudit
`;

const ZSH = `#compdef kubectl-dbaudit
# source <(kubectl dbaudit completion zsh)
_kubectl_dbaudit() {
  local line directive=4
  local -a candidates options
  while IFS= read -r line; do
    if [[ $line == :* ]]; then directive=\${line#:}; break; fi
    line=\${line//:/\\\\:}
    candidates+=("\${line/$'\\t'/:}")
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( directive & 2 )) && options=(-S '')
  _describe candidates candidates $options && return
  (( directive & 4 )) || _files
}
compdef _kubectl_dbaudit kubectl-dbaudit
`;

const FISH = `# kubectl dbaudit completion fish | source
function __kubectl_dbaudit
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
    string match -v ':*' -- $lines
end
complete -c kubectl-dbaudit -n 'not string match -q replay -- (commandline -opc)' -f
complete -c kubectl-dbaudit -a '(__kubectl_dbaudit)'
`;

const POWERSHELL = `# kubectl dbaudit completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'kubectl-dbaudit' -ScriptBlock {
  param($partial, $line, $position)
  $words = @($line.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { $_.Extent.Text })
  if ($partial -eq '') { $words += '""' }
  & $line.CommandElements[0].Extent.Text __complete @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    $word, $description = $_ -split "\`t", 2
    if (-not $description) { $description = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $description)
  }
}
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
};
