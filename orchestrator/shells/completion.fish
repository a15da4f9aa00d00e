# Completion of doit for fish. In ~/.config/fish/config.fish: doit completion fish | source
function __doit_phasegate
    set -l given (commandline -opc)
    set -l current (commandline -ct)
    set -lx PHASEGATE_CURRENT "$current"
    set -lx PHASEGATE_WORDS (string join \n -- $given[2..-1] | string collect)
    set -l lines ($given[1] completion words 2>/dev/null)
    switch "$lines[1]"
        case ':files'
            __fish_complete_path "$current"
        case ':folders'
            __fish_complete_directories "$current"
        case '*'
            string join \n -- $lines
    end
end
complete -c doit -f -k -a '(__doit_phasegate)'
