"""`whofrom completion SHELL`: the script that has a shell complete whofrom's commands, options and their values."""

import sys

import click

from pipeline.completion import SHELLS
from pipeline.completion.scripts import script


@click.command("completion", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """
    Print the script that completes whofrom in a SHELL: at TAB, commands, options, choices and names of files.

    \b
    bash 4.4 or newer, with the package bash-completion:
        mkdir -p ~/.local/share/bash-completion/completions
        whofrom completion bash > ~/.local/share/bash-completion/completions/whofrom
    bash without it, in ~/.bashrc:
        source <(whofrom completion bash)

    \b
    zsh:
        mkdir -p ~/.zfunc
        whofrom completion zsh > ~/.zfunc/_whofrom
    and in ~/.zshrc, ahead of anything that calls compinit:
        fpath=(~/.zfunc $fpath)
        autoload -Uz compinit && compinit

    \b
    fish:
        mkdir -p ~/.config/fish/completions
        whofrom completion fish > ~/.config/fish/completions/whofrom.fish

    Then start a new shell. Where whofrom is installed for the whole machine, its package has put the scripts there.
    """
    sys.stdout.write(script(ctx.find_root().command, shell))
