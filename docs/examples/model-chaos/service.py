"""A model behind FastAPI whose predictions meet chaos when the environment says so: `uvicorn service:app`."""

from fastapi import FastAPI, HTTPException
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from aichaos.inject import ChaosModelWrapper, InjectedFailure, InjectedTimeout

iris = load_iris()
model = ChaosModelWrapper(LogisticRegression(max_iter=500).fit(iris.data, iris.target))  # CHAOS_ENABLED and friends; off without them
app = FastAPI()


@app.get("/healthz")
def healthy() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/predict")
def predict(sepal_length: float, sepal_width: float, petal_length: float, petal_width: float) -> dict[str, object]:
    try:
        kind = model.predict([[sepal_length, sepal_width, petal_length, petal_width]])[0]
    except InjectedTimeout as error:
        raise HTTPException(504, str(error)) from error
    except InjectedFailure:
        return {"species": "unknown", "fallback": True}  # what the hypothesis is about: is a fallback worth something?
    return {"species": str(iris.target_names[kind]), "fallback": False}
