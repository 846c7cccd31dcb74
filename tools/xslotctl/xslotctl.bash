# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# bash completion for xslotctl(8). Verbs, options, chains and plugins are asked of the program itself.

_xslotctl()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local program=${COMP_WORDS[0]} words= word verb=()

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == -* ]] || verb+=("$word")
	done
	case $previous in
	-s | --socket | -c | --config)
		compopt -o default
		return
		;;
	--target | --function | --name)
		return
		;;
	--plugin-path | --bpffs)
		compopt -o dirnames
		return
		;;
	esac
	if [[ $current == -* ]]; then
		words=$("$program" help 2>/dev/null | grep -o -- '--[a-z-]*' | sort -u)
	else
		case ${verb[*]} in
		"" | help)
			words=$("$program" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | uniq)
			;;
		plugin)
			words=$("$program" help 2>/dev/null | sed -n 's/^  plugin \([a-z]*\) .*/\1/p')
			;;
		status | bypass | clean)
			words=$("$program" status 2>/dev/null | sed -n 's/^chain \([^:]*\):.*/\1/p')
			;;
		"bypass "*)
			[[ ${#verb[@]} == 2 ]] && words="on off"
			;;
		"plugin new")
			;;
		"plugin new "*)
			compopt -o dirnames
			return
			;;
		"plugin info")
			words=$("$program" plugin list 2>/dev/null | sed -n '2,$s/ .*//p')
			compopt -o default
			;;
		extend)
			if [[ " ${COMP_WORDS[*]} " == *" --detach "* ]]; then
				words=$("$program" extend --list 2>/dev/null | sed -n '2,$s/ .*//p')
			else
				compopt -o default
			fi
			;;
		check)
			compopt -o default
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _xslotctl xslotctl
