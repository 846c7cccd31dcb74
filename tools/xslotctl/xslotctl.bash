# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# bash completion for xslotctl(8). Verbs, options, chains and plugins are asked of the program itself.

_xslotctl()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local ask=("${COMP_WORDS[0]}") words= word option= verb=()

	# "--socket=PATH" is three words for bash; the values of options are not verbs.
	[[ $current == = ]] && current=
	[[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == = ]] && continue
		case $option in
		-s | --socket | -c | --config)
			ask+=("$option" "$word")
			;;
		esac
		if [[ $option ]]; then
			option=
			continue
		fi
		case $word in
		-s | --socket | -c | --config | --plugin-path | --bpffs | --confirm | --target | --function | --name | --template)
			option=$word
			;;
		-*) ;;
		*) verb+=("$word") ;;
		esac
	done
	case $previous in
	-s | --socket | -c | --config)
		compopt -o default
		return
		;;
	--target | --function | --name | --confirm)
		return
		;;
	--template)
		words=$("${ask[@]}" help 2>/dev/null | sed -n 's/.*--template=NAME *[^:]*: //p')
		words=${words//(default)/} words=${words// or / }
		mapfile -t COMPREPLY < <(compgen -W "${words//,/}" -- "$current")
		return
		;;
	--plugin-path | --bpffs)
		compopt -o dirnames
		return
		;;
	esac
	if [[ $current == -* ]]; then
		# Options that all verbs take, and the verb's own; before there is one: all.
		words="--json --socket --config --help --version"
		if [[ ${#verb[@]} == 0 ]]; then
			words=$("${ask[@]}" help 2>/dev/null | grep -o -- '--[a-z-]*' | sort -u)
		elif [[ ${verb[0]} == plugin ]]; then
			words+=" $("${ask[@]}" help "${verb[@]:0:2}" 2>/dev/null | sed -n 's/^      --/--/p')"
		else
			words+=" $("${ask[@]}" help "${verb[0]}" 2>/dev/null | sed -n 's/^      --/--/p')"
		fi
	else
		case ${verb[*]} in
		"" | help)
			words=$("${ask[@]}" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | uniq)
			;;
		plugin)
			words=$("${ask[@]}" help 2>/dev/null | sed -n 's/^  plugin \([a-z]*\) .*/\1/p')
			;;
		status | bypass | clean)
			words=$("${ask[@]}" status 2>/dev/null | sed -n 's/^chain \([^:]*\):.*/\1/p')
			;;
		"bypass "*)
			[[ ${#verb[@]} == 2 ]] && words="on off"
			;;
		call)
			words=$("${ask[@]}" status 2>/dev/null | sed -n 's/^  \([^ ]*\.[0-9][0-9]*\)  *[a-z].*/\1/p')
			;;
		"call "*)
			# Commands of the plugin in that slot.
			[[ ${#verb[@]} == 2 ]] &&
				word=$("${ask[@]}" status "${verb[1]%.*}" 2>/dev/null | awk -v slot="${verb[1]}" '$1 == slot { print $2; exit }') &&
				words=$("${ask[@]}" plugin info "$word" 2>/dev/null | sed -n '/^  COMMAND /,$s/^  \([a-z][a-z0-9_-]*\) .*/\1/p')
			;;
		"plugin new")
			;;
		"plugin new "*)
			compopt -o dirnames
			return
			;;
		"plugin info")
			words=$("${ask[@]}" plugin list 2>/dev/null | sed -n '2,$s/ .*//p')
			compopt -o default
			;;
		extend)
			if [[ " ${COMP_WORDS[*]} " == *" --detach "* ]]; then
				words=$("${ask[@]}" extend --list 2>/dev/null | sed -n '2,$s/ .*//p')
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
