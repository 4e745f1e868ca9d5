#!/bin/bash
# A study on several nodes of SLURM: `sbatch slurm.sh`, from the study's folder, which all nodes have,
# as they have its DVC remote and the environment. After Ray's template for SLURM.
#SBATCH --job-name=heatproof
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --cpus-per-task=16
#SBATCH --mem=0
#SBATCH --time=08:00:00
# Two minutes before the time is up the run is told to stop, as by Ctrl-C: what is completed is saved
# by then, and the same command resumes.
#SBATCH --signal=INT@120
# For a budget that trains on GPUs:
# #SBATCH --gpus-per-task=1
set -euo pipefail

environment=${HEATPROOF:-$HOME/heatproof}/.venv # yours
export PATH=$environment/bin:$PATH

# Nobody else on these nodes may use this cluster, and Ray's makers are told nothing.
RAY_AUTH_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
# The nodes are this job's alone (--exclusive): `ray symmetric-run` refuses one that has a Ray already.
port=$((20000 + SLURM_JOB_ID % 20000))

# Ray starts on every node; the command after the dashes runs on the first, and Ray ends with it.
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" \
    ray symmetric-run --address "$head:$port" --min-nodes "$SLURM_JOB_NUM_NODES" \
    --num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_PER_TASK:-0}" \
    -- heatproof cluster run "$head:$port"
