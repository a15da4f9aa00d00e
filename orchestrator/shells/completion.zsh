#compdef doit
# Completion of doit for zsh. In ~/.zshrc, after compinit: eval "$(doit completion zsh)"
_doit() {
  local -a given lines texts shown
  local line text
  given=("${(@Q)words[2,CURRENT-1]}")
  lines=("${(@f)$(PHASEGATE_WORDS=${(pj:\n:)given} PHASEGATE_CURRENT=${(Q)PREFIX} ${(Q)words[1]} completion words 2>/dev/null)}")
  case $lines[1] in
    (:files) _files; return ;;
    (:folders) _files -/; return ;;
  esac
  for line in $lines; do
    text=${line%%$'\t'*}
    [[ -n $text ]] || continue
    texts+=("$text")
    shown+=("${line/$'\t'/  }")
  done
  compadd -V doit -l -d shown -a texts
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _doit "$@"; else compdef _doit doit; fi
