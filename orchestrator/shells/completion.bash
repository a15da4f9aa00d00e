# Completion of doit for bash. In ~/.bashrc: eval "$(doit completion bash)"
_doit_phasegate() {
  local line=${COMP_LINE:0:COMP_POINT} reply text item current before=
  current=${line##*[[:space:]]}
  COMPREPLY=()
  reply=$(PHASEGATE_LINE=$line "$1" completion words 2>/dev/null) || return 0
  case ${reply%%$'\n'*} in
    :files) while IFS= read -r item; do COMPREPLY+=("$item"); done < <(compgen -f -- "$2") ;;
    :folders) while IFS= read -r item; do COMPREPLY+=("$item"); done < <(compgen -d -- "$2") ;;
  esac
  if [[ $reply == :* ]]; then
    if type compopt >/dev/null 2>&1; then compopt -o filenames; fi
    return 0
  fi
  # bash replaces what follows the last ':' or '=' of a word, where these break words
  if [[ $current == *[:=]* && $COMP_WORDBREAKS == *:* ]]; then before=${current%"${current##*[:=]}"}; fi
  while IFS=$'\t' read -r text _; do
    [[ -n $text ]] || continue
    printf -v item %q "${text#"$before"}"
    COMPREPLY+=("$item")
  done <<< "$reply"
}
complete -o nosort -F _doit_phasegate doit 2>/dev/null || complete -F _doit_phasegate doit
