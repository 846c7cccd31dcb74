# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# bash completion for xslot-test(1). Options are asked of the program itself.

_xslot_test()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

	case $previous in
	--plugin-path)
		compopt -o dirnames
		return
		;;
	-D | --define)
		return
		;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -o -- '--[a-z-]*')" -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -d -- "$current"; compgen -f -X '!*.test' -- "$current")
	compopt -o filenames
}

complete -F _xslot_test xslot-test
